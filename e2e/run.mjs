// Walks every journey of this folder, one after another, each with a server of
// its own, and sums them up. Names given as arguments walk only those.

import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const own = new Set(['harness.mjs', 'harness.test.mjs', 'run.mjs'])
const named = process.argv.slice(2)
const files = fs.readdirSync(here).filter(file => file.endsWith('.mjs') && !own.has(file))
const total = { passed: 0, failed: 0 }

for (const file of files.filter(f => named.length === 0 || named.includes(f.replace(/\.mjs$/, '')))) {
  console.log(`\n== ${file}`)
  const walk = spawn(process.execPath, [here + file], { stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  walk.stdout.on('data', piece => {
    out += piece
    process.stdout.write(piece)
  })
  const code = await new Promise(resolve => walk.once('close', resolve))
  const [, passed, failed] = out.match(/(\d+) passed, (\d+) failed\n$/) ?? [null, 0, 1]
  total.passed += Number(passed)
  total.failed += Number(failed) || (code === 0 ? 0 : 1)
}
console.log(`\nall journeys: ${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
