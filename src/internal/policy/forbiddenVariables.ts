/** Environment variables that a project may not set, trusted or not. */

const forbiddenVariables: ReadonlyArray<RegExp> = [
  /^(?:LD|DYLD|GIT|XDG|NODE|NPM_CONFIG|GLIBC|BASH_FUNC|EFFECT_APIKEY)_/,
  /^(?:PYTHON|PERL5|RUBY)|^PERLLIB$|^GEM_|^BUNDLE_/,
  /_PROXY$/,
  /^SSL_CERT_|^SSLKEYLOGFILE$|_CA_BUNDLE$|^OPENSSL_CONF$|^OPENSSL_MODULES$/,
  /^(?:BASH_ENV|ENV|SHELLOPTS|BASHOPTS|PS4|IFS|PROMPT_COMMAND|CDPATH|ZDOTDIR)$/,
  /^(?:PATH|PATHEXT|HOME|USERPROFILE|SHELL|TMPDIR|EDITOR|VISUAL|PAGER|LESSOPEN|BROWSER)$/,
  /^(?:SSH_ASKPASS|SSH_ASKPASS_REQUIRE|SUDO_ASKPASS|SSH_AUTH_SOCK|GNUPGHOME|KUBECONFIG|DOCKER_CONFIG|CURL_HOME|WGETRC)$/,
  /^(?:JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH|GCONV_PATH|LOCPATH|NLSPATH)$/,
  /^AWS_(?:CONFIG_FILE|SHARED_CREDENTIALS_FILE|ENDPOINT_URL.*|CA_BUNDLE)$/,
  /^BUN_|^DENO_|^LUA_|^TCL/,
  /^(?:DOTNET|CORECLR|COR)_|^OPENSSL_ENGINES$|^HOSTALIASES$|^TERMINFO|^DBUS_|^(?:COMSPEC|SYSTEMROOT|PSMODULEPATH)$/,
  // Password managers and cloud tools: variables that set their configuration directory or what they load or start.
  /^PASSWORD_STORE_|^CLOUDSDK_(?:PYTHON|CONFIG$|API_ENDPOINT|AUTH_|PROXY_)|^(?:VAULT|BAO)_(?:CACERT|CACERT_BYTES|CAPATH|SKIP_VERIFY|TLS_SERVER_NAME)$/,
  /_(?:CONFIG_DIR|CONFIG_PATH|CONFIG_FILE|EXTENSION_DIR|APPDATA_DIR)$|^GH_PATH$/,
  // Version managers: their shims run hooks and other programs.
  /^(?:ASDF|FNM|GOENV|JENV|MISE|NODENV|NVM|PLENV|PROTO|PYENV|RBENV|RTX|SDKMAN|VOLTA)_|^GIO_/
]

/**
 * Whether a variable loads code into a program or redirects a tool. A project may not set it, even if it is trusted.
 *
 * @since 0.1.0
 * @category getters
 */
export const isForbiddenVariable = (name: string): boolean =>
  forbiddenVariables.some((pattern) => pattern.test(name.toUpperCase()))
