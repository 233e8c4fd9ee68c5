// Three small build steps of our own, in place of packages that would do more.
import fs from 'node:fs'
import path from 'node:path'
import zlib from 'node:zlib'
import type { Plugin } from 'vite'

/**
 * Brings the stylesheet of each Element Plus component that a file imports,
 * and of no other: `import { ElInput } from 'element-plus'` is all a page
 * writes.
 */
export function elementStyles(): Plugin {
  const importing = /import\s*\{([^}]+)\}\s*from\s*['"]element-plus['"]/g
  return {
    name: 'element-styles',
    enforce: 'post',
    transform(code, id) {
      if (id.includes('node_modules') || !code.includes('element-plus')) return
      const folders = new Set<string>()
      for (const [, names] of code.matchAll(importing)) {
        for (const name of (names ?? '').split(',')) {
          const component = name.trim().match(/^El([A-Z]\w*)/)?.[1]
          if (component) folders.add(component.replace(/\B[A-Z]/g, '-$&').toLowerCase())
        }
      }
      if (folders.size === 0) return
      const styles = [...folders].map(f => `import 'element-plus/es/components/${f}/style/css'`)
      return { code: `${styles.join('\n')}\n${code}`, map: null }
    },
  }
}

const text = /\.(js|css|html|json|svg|webmanifest)$/

function filesUnder(folder: string): string[] {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const full = path.join(folder, entry.name)
    return entry.isDirectory() ? filesUnder(full) : [full]
  })
}

/** Writes .br and .gz beside each text file, so that the server never compresses a page. */
export function compress(): Plugin {
  let out = ''
  return {
    name: 'compress',
    apply: 'build',
    configResolved(config) {
      out = path.resolve(config.root, config.build.outDir)
    },
    closeBundle: {
      order: 'post',
      sequential: true,
      handler() {
        for (const file of filesUnder(out).filter(f => text.test(f))) {
          const bytes = fs.readFileSync(file)
          fs.writeFileSync(`${file}.br`, zlib.brotliCompressSync(bytes))
          fs.writeFileSync(`${file}.gz`, zlib.gzipSync(bytes, { level: 9 }))
        }
      },
    },
  }
}

interface Limits {
  entry: number
  route: number
  /** routes known to carry a large library of their own, by a piece of the file's name */
  except?: Record<string, number>
}

/**
 * Weighs what a browser must fetch, in brotli bytes, and fails the build when
 * a budget is broken: the entry with all it imports at once, then for each
 * route what it adds to the entry.
 */
export function budget(limits: Limits): Plugin {
  return {
    name: 'budget',
    apply: 'build',
    generateBundle(_options, bundle) {
      const weigh = (name: string) => {
        const file = bundle[name]
        if (!file) return 0
        return zlib.brotliCompressSync(file.type === 'chunk' ? file.code : file.source).length
      }
      const needs = (name: string, seen = new Set<string>()): Set<string> => {
        const file = bundle[name]
        if (seen.has(name) || file?.type !== 'chunk') return seen
        seen.add(name)
        for (const css of file.viteMetadata?.importedCss ?? []) seen.add(css)
        for (const imported of file.imports) needs(imported, seen)
        return seen
      }
      const sum = (names: Iterable<string>) => [...names].reduce((n, name) => n + weigh(name), 0)
      const chunks = Object.values(bundle).filter(f => f.type === 'chunk')
      for (const entry of chunks.filter(c => c.isEntry)) {
        const first = needs(entry.fileName)
        const rows = [{ name: `${entry.name} (entry)`, size: sum(first), limit: limits.entry }]
        for (const route of chunks.filter(c => c.isDynamicEntry)) {
          const extra = [...needs(route.fileName)].filter(name => !first.has(name))
          const special = Object.entries(limits.except ?? {}).find(([part]) => route.name.includes(part))
          rows.push({ name: route.name, size: sum(extra), limit: special?.[1] ?? limits.route })
        }
        for (const row of rows.sort((a, b) => b.size - a.size)) {
          const line = `${(row.size / 1024).toFixed(1).padStart(7)} KiB br  ${row.name}`
          if (row.size > row.limit) this.error(`over the budget of ${row.limit / 1024} KiB: ${line}`)
          console.log(line)
        }
      }
    },
  }
}
