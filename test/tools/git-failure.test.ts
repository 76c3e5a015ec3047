import { describe, expect, test } from 'vitest'
import { gitFailure } from '../../src/tools/git-failure.ts'

const failure = (lastWords: string) => gitFailure({ url: 'https://host/x' }, { exitCode: 128, lastWords })

describe('what git says of a remote', () => {
  test.each([
    ["fatal: could not read Username for 'https://host': terminal prompts disabled", 'asks for a credential'],
    ["fatal: Authentication failed for 'https://host/x/'", 'refuses the credential'],
    [
      'git@host: Permission denied (publickey).\nfatal: Could not read from remote repository.',
      'refuses the credential',
    ],
    ['Host key verification failed.\nfatal: Could not read from remote repository.', 'shows a host key'],
    ["fatal: repository 'https://host/x/' not found", 'is no repository'],
    ["fatal: '/x' does not appear to be a git repository", 'is no repository'],
    ["fatal: unable to access 'https://host/x/': The requested URL returned error: 302", 'leads elsewhere'],
    ["fatal: unable to access 'https://host/x/': server certificate verification failed. CAfile: none", 'certificate'],
    ["fatal: transport 'ext' not allowed", 'has a scheme'],
  ])('%j is final', (words, meaning) => {
    expect(failure(words)).toMatchObject({ code: 'PREFLIGHT_FAILED', retryable: false })
    expect(failure(words).message).toMatch(new RegExp(`^https://host/x .*${meaning}`))
  })

  test.each([
    "fatal: unable to access 'https://host/x/': Could not resolve host: host",
    "fatal: unable to access 'https://host/x/': The requested URL returned error: 502",
    "fatal: unable to access 'https://host/x/': The requested URL returned error: 429",
    'ssh: connect to host host port 22: Connection refused\nfatal: Could not read from remote repository.',
    'fetch-pack: unexpected disconnect while reading sideband packet\nfatal: early EOF',
    'error: something that nobody has seen before',
    '',
  ])('%j may pass', (words) => {
    expect(failure(words)).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  })
})
