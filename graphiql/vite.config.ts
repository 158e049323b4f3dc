import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

/** Puts a `.gz` beside each text asset, so that the gateway compresses nothing while it serves. */
function compressAssets(): Plugin {
  return {
    name: 'compress-assets',
    apply: 'build',
    async writeBundle({ dir }) {
      if (dir === undefined) throw new Error('compress-assets needs an output directory')
      const names = await readdir(dir, { recursive: true })
      for (const name of names.filter((name) => /\.(?:js|css|svg|ttf)$/.test(name))) {
        await writeFile(join(dir, `${name}.gz`), gzipSync(await readFile(join(dir, name)), { level: 9 }))
      }
    },
  }
}

export default defineConfig({
  root: import.meta.dirname,
  base: '/graphiql/',
  plugins: [compressAssets()],
  worker: { format: 'es' },
  build: {
    outDir: '../dist/graphiql',
    emptyOutDir: true,
    target: 'es2022',
    reportCompressedSize: false,
    // Monaco, the editor inside GraphiQL, is one chunk of about 3 MB; it is loaded once and cached for good.
    chunkSizeWarningLimit: 4000,
    rollupOptions: {
      onwarn(warning, warn) {
        // "use client" tells a server renderer something; a bundle for browsers alone rightly drops it.
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning)
      },
    },
  },
})
