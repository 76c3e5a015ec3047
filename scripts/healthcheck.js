// HEALTHCHECK of the images, which have no shell to run anything else: is the service on this container's port ready? The argument names the setting that holds the port.
import { get } from 'node:http'

const [, , setting = 'PORT'] = process.argv
const url = `http://127.0.0.1:${process.env[setting]}/readyz`

get(url, { timeout: 2_500 }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1))
  .on('timeout', () => process.exit(1))
  .on('error', (error) => {
    process.stderr.write(`${url}: ${error.message}\n`)
    process.exitCode = 1
  })
