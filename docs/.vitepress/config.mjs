// The static site. Its navigation comes from docs/README.md: each heading is a group, each link in its list a page.
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitepress"

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

const HEADING = /^## (.+)$/
const LINK = /^- \[([^\]]+)\]\(([^)]+\.md)\)/

const groupsOf = (index) => {
  const groups = []
  for (const line of index.split("\n")) {
    const heading = HEADING.exec(line)
    const link = LINK.exec(line)
    if (heading !== null) groups.push({ text: heading[1], collapsed: false, items: [] })
    if (link !== null && groups.length > 0) {
      groups.at(-1).items.push({ text: link[1].replaceAll("`", ""), link: `/${link[2].replace(/(README)?\.md$/, "")}` })
    }
  }
  return groups.filter(({ items }) => items.length > 0)
}

const { repository } = JSON.parse(readFileSync(here("../../package.json"), "utf8"))
const home = repository?.url.replace(/^git\+|\.git$/g, "")

export default defineConfig({
  title: "effect-apikey",
  description: "API keys and short-lived tokens from commands, fresh for as long as your program runs",
  outDir: here("../../.tmp/site"),
  cacheDir: here("../../.tmp/site-cache"),
  cleanUrls: true,
  rewrites: (id) => id.replace(/README\.md$/, "index.md"),
  srcExclude: ["data/**"],
  // Braces in a table or a heading are text, not attributes.
  markdown: { attrs: { disable: true } },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Get started", link: "/getting-started" },
      { text: "API reference", link: "/api/" }
    ],
    sidebar: [
      ...groupsOf(readFileSync(here("../README.md"), "utf8")),
      { text: "API reference", collapsed: true, items: [{ text: "All modules", link: "/api/" }] }
    ],
    ...(home === undefined ? {} : { socialLinks: [{ icon: "github", link: home }] })
  }
})
