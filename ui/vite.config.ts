import path from 'node:path'
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { budget, compress, elementStyles } from './build/plugins.ts'

const here = path.dirname(fileURLToPath(import.meta.url))
const KiB = 1024

// `vite build` makes the console; `--mode gallery` makes the gallery of its
// parts, on invented data, for looking at and for e2e/parts.mjs.
export default defineConfig(({ mode }) => {
  const gallery = mode === 'gallery'
  return {
    root: gallery ? path.join(here, 'gallery') : here,
    base: '/',
    resolve: { alias: { '@': here } },
    plugins: [
      vue(),
      elementStyles(),
      budget({ entry: 160 * KiB, route: 25 * KiB }),
      ...(gallery ? [] : [compress()]),
    ],
    server: { proxy: { '/api': 'http://localhost:8080' } },
    build: {
      // Offices run old domestic Chromium builds; 87 is the oldest we promise.
      target: 'chrome87',
      cssTarget: 'chrome87',
      outDir: 'dist',
      emptyOutDir: true,
      assetsDir: 'assets',
      // The CSP allows no data: addresses but in images.
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      rolldownOptions: {
        output: { minify: true },
      },
    },
    test: {
      environment: 'happy-dom',
      include: ['core/**/*.test.ts', 'console/**/*.test.ts', 'words.test.ts'],
      // The element plus stylesheets are for browsers only.
      css: false,
      server: { deps: { inline: ['element-plus'] } },
    },
  }
})
