import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

const KEY_ID = 'key-1'

/** An identity provider: publishes its public key, and signs tokens with the private one. */
export class KeySet implements AsyncDisposable {
  /** how often somebody asked for the keys */
  requests = 0
  /** answers with errors while true */
  isDown = false

  private constructor(
    private readonly server: Server,
    private readonly privateKey: CryptoKey,
  ) {}

  static async start(): Promise<KeySet> {
    const { publicKey, privateKey } = await generateKeyPair('RS256')
    const keys = [{ ...(await exportJWK(publicKey)), kid: KEY_ID, alg: 'RS256', use: 'sig' }]
    const server = createServer((_request, response) => {
      set.requests += 1
      if (set.isDown) response.writeHead(503).end('<h1>Back soon</h1>')
      else response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }))
    })
    const set = new KeySet(server, privateKey)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return set
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/keys`
  }

  sign(claims: JWTPayload, expires: number | string = '1h', kid = KEY_ID): Promise<string> {
    const token = new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid })
    return token.setIssuedAt().setExpirationTime(expires).sign(this.privateKey)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}
