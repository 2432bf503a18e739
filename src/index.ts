/**
 * Turns a credential helper command into an API key that an SDK can use for as long as the program runs.
 *
 * These are the modules of the pipeline. The SDKs (`effect-apikey/sdk/Fetch`, …), the catalog of known helpers and the modules for
 * opencode are subpaths of their own, so that importing this loads none of the SDKs.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 */
export * as ApiKey from "./ApiKey.js"

/**
 * @since 0.1.0
 */
export * as ApiKeyError from "./ApiKeyError.js"

/**
 * @since 0.1.0
 */
export * as ApiKeyProvider from "./ApiKeyProvider.js"

/**
 * @since 0.1.0
 */
export * as ApiKeyProviders from "./ApiKeyProviders.js"

/**
 * @since 0.1.0
 */
export * as ApiKeySource from "./ApiKeySource.js"

/**
 * @since 0.1.0
 */
export * as CredentialFormat from "./CredentialFormat.js"

/**
 * @since 0.1.0
 */
export * as CredentialHelper from "./CredentialHelper.js"

/**
 * @since 0.1.0
 */
export * as HelperExecutor from "./HelperExecutor.js"

/**
 * @since 0.1.0
 */
export * as HelperPolicy from "./HelperPolicy.js"
