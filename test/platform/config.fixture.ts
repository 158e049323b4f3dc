import { ConfigError, type Environment, loadConfig } from '../../src/platform/config/config.js'

/** What a start with this environment complains about; nothing when it is accepted. */
export function problemsOf(environment: Environment): readonly string[] {
  try {
    loadConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}
