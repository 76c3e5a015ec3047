import type { Command } from 'commander'

/** `o2ims validate <file…>` */
export function addValidate(program: Command): void {
  program.command('validate').argument('<files...>')
}
