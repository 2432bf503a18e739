/**
 * Which variable holds the key of each provider that opencode knows, where it takes one variable as the key.
 * Written by scripts/opencode-variables.mjs from the models.dev list of 2026-11-24, which is the snapshot in opencode 1.18.33.
 */

/** Those whose variable is named after their id, as ours is (`ApiKeySource.variablesFor`). */
export const regular: ReadonlySet<string> = new Set(
  `
  abacus above agentrouter agnes ai-router ai21 aiand aihubmix ainetcafe aixy aki-io alibaba-coding-plan
  alibaba-token-plan ambient amd anthropic anyapi arcee atomic-chat auriko baseten bee berget blueclaw bothub cerebras
  chutes claudinio cloudferro-sherlock cohere cortecs crof crossmodel crusoe daoxe deepinfra deepseek dinference drun
  ebcloud echo edenai empiriolabs evroc fastrouter freemodel frogbot gmicloud greenpt groq helicone hetzner hpc-ai hyper
  impossibl inception inceptron inco infer inference inferx iteracompute jalapeno jiekou kenari kilo klokintegration
  kosmik lilac llama llmgateway llmtech llmtr lmstudio longcat lucidquery lynkr meganova melious merge-gateway minimax
  mistral mixlayer moark modelis modelscope morph nan nano-gpt nearai nebius neosmith neuralwatt nova nvidia ofox openai
  opencode openreason openrouter opper orcarouter ovhcloud pareto pendra perplexity pioneer poe poolside qvac requesty
  routing-run sakana salad-cloud sarvam scaleway sensenova siliconflow siliconflow-cn stackit standardcompute stepfun
  subconscious synthetic tempr tencent-coding-plan tencent-token-plan tencent-tokenhub tensorx tinfoil tokengo
  tokenrouter trustedrouter umans-ai umans-ai-coding-plan unorouter upstage v0 vancine venice vivgrid vultr wallaby
  wandb xai xiaomi xpersona zeldoc zenmux
`.match(/\S+/g)
)

/** The others. */
export const exceptions: Readonly<Record<string, string>> = {
  "302ai": "302AI_API_KEY",
  "abliteration-ai": "ABLIT_KEY",
  alibaba: "DASHSCOPE_API_KEY",
  "alibaba-cn": "DASHSCOPE_API_KEY",
  "alibaba-coding-plan-cn": "ALIBABA_CODING_PLAN_API_KEY",
  "alibaba-token-plan-cn": "ALIBABA_TOKEN_PLAN_API_KEY",
  bailing: "BAILING_API_TOKEN",
  clarifai: "CLARIFAI_PAT",
  "cline-pass": "CLINE_API_KEY",
  coralbricks: "CORAL_API_KEY",
  digitalocean: "DIGITALOCEAN_ACCESS_TOKEN",
  "fireworks-ai": "FIREWORKS_API_KEY",
  friendli: "FRIENDLI_TOKEN",
  "github-copilot": "GITHUB_TOKEN",
  gitlab: "GITLAB_TOKEN",
  google: "GOOGLE_GENERATIVE_AI_API_KEY",
  huggingface: "HF_TOKEN",
  iflowcn: "IFLOW_API_KEY",
  "io-net": "IOINTELLIGENCE_API_KEY",
  "kimi-code-plan-cn": "KIMI_API_KEY",
  "kimi-code-plan-global": "KIMI_API_KEY",
  "kuae-cloud-coding-plan": "KUAE_API_KEY",
  "llmgateway-providers": "LLMGATEWAY_API_KEY",
  meta: "META_MODEL_API_KEY",
  "minimax-cn": "MINIMAX_API_KEY",
  "minimax-cn-coding-plan": "MINIMAX_API_KEY",
  "minimax-coding-plan": "MINIMAX_API_KEY",
  modal: "MODAL_PROXY_TOKEN",
  "model-oracle-ai": "MODEL_ORACLE_API_KEY",
  moonshotai: "MOONSHOT_API_KEY",
  "moonshotai-cn": "MOONSHOT_API_KEY",
  "novita-ai": "NOVITA_API_KEY",
  oci: "OCI_GENAI_API_KEY",
  "ollama-cloud": "OLLAMA_API_KEY",
  "opencode-go": "OPENCODE_API_KEY",
  "perplexity-agent": "PERPLEXITY_API_KEY",
  "qihang-ai": "QIHANG_API_KEY",
  "qiniu-ai": "QINIU_API_KEY",
  "regolo-ai": "REGOLO_API_KEY",
  runinfra: "RUNINFRA_GATEWAY_KEY",
  "sap-ai-core": "AICORE_SERVICE_KEY",
  "scnet-token-plan": "SCNET_API_KEY",
  "scx-ai": "SCX_API_KEY",
  "stepfun-ai": "STEPFUN_API_KEY",
  "stepfun-ai-step-plan": "STEPFUN_API_KEY",
  "stepfun-step-plan": "STEPFUN_API_KEY",
  submodel: "SUBMODEL_INSTAGEN_ACCESS_KEY",
  "the-grid-ai": "THEGRID_API_KEY",
  thinkingmachines: "TINKER_API_KEY",
  togetherai: "TOGETHER_API_KEY",
  vercel: "AI_GATEWAY_API_KEY",
  vispark: "VISPARK_LAB_API_KEY",
  volcengine: "ARK_API_KEY",
  "volcengine-coding-plan": "ARK_CODING_PLAN_API_KEY",
  "wafer.ai": "WAFER_API_KEY",
  "xiaomi-token-plan-ams": "XIAOMI_API_KEY",
  "xiaomi-token-plan-cn": "XIAOMI_API_KEY",
  "xiaomi-token-plan-sgp": "XIAOMI_API_KEY",
  zai: "ZHIPU_API_KEY",
  "zai-coding-plan": "ZHIPU_API_KEY",
  zenifra: "ZENIFRA_AI_KEY",
  zhipuai: "ZHIPU_API_KEY",
  "zhipuai-coding-plan": "ZHIPU_API_KEY"
}
