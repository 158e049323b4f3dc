import { type JWTPayload, SignJWT } from 'jose'

/** Access tokens as an identity provider would sign them. */

export const JWT_SECRET = 'a secret that only tests use, and long enough'

export function signToken(
  claims: JWTPayload,
  secret: string = JWT_SECRET,
  expires: string | null = '1h',
  typ?: string,
): Promise<string> {
  const token = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ }).setIssuedAt()
  if (expires !== null) token.setExpirationTime(expires)
  return token.sign(new TextEncoder().encode(secret))
}
