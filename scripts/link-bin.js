// After npm ci: makes `npx o2ims` run this checkout at once. Without the link npx asks to install the project into its cache, and keeps that link for ever.
import { rmSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const link = fileURLToPath(new URL('../node_modules/.bin/o2ims', import.meta.url))
rmSync(link, { force: true })
symlinkSync('../../bin/o2ims.js', link)
