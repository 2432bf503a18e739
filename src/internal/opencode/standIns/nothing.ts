/** In the place of modules of effect's that the plugin's runs never come to: `Micro` within an Effect, batches of `Request`. */
export {}
