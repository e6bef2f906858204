/** A setting cannot be used; the message is one sentence for the operator. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** A setting is needed and not set, perhaps because the file that sets it was not read. */
export class MissingSetting extends ConfigError {}
