/** The environment of this process, for a test that needs another one. */

/** In place: the home directory and the time zone are asked of the C library, which sees no other object. */
export const setEnv = (env: Readonly<Record<string, string | undefined>>): void => {
  for (const name of Object.keys(process.env)) delete process.env[name]
  for (const [name, value] of Object.entries(env)) if (value !== undefined) process.env[name] = value
}
