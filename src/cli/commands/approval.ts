import { userInfo } from 'node:os'
import type { Command } from 'commander'
import { contextOf, printResult } from '../context.ts'

interface Options {
  approver?: string
  comment?: string
}

/** `o2ims approve <id>` */
export function addApprove(program: Command): void {
  addDecision(program, 'approve', {
    summary: 'let a request start that waits for approval',
    description: 'Lets a request start that waits for approval. Only those whom the template or the request names may.',
    done: 'is approved',
  })
}

/** `o2ims reject <id>` */
export function addReject(program: Command): void {
  addDecision(program, 'reject', {
    summary: 'refuse a request that waits for approval',
    description: 'Refuses a request that waits for approval: it ends FAILED with the code CANCELLED.',
    done: 'is rejected',
  })
}

function addDecision(
  program: Command,
  verb: 'approve' | 'reject',
  words: { summary: string; description: string; done: string },
): void {
  program
    .command(verb)
    .summary(words.summary)
    .description(words.description)
    .argument('<id>', 'provisioningRequestId')
    .option('--approver <name>', 'who decides, as the request names approvers (default: who you are on this machine)')
    .option('--comment <text>', 'why, for the report')
    .action(async (id: string, { approver = userInfo().username, comment }: Options, command: Command) => {
      const context = contextOf(command)
      const request = await context.api.decide(id, verb, { approver, ...(comment !== undefined && { comment }) })
      printResult(
        context,
        request,
        () => `${id} ${words.done} by ${approver}. Follow it with: ${context.again(`status ${id} --follow`)}`,
      )
    })
}
