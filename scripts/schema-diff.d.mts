export const MIGRATIONS: string
export function diffMigrations(): Promise<string>
