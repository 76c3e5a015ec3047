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
    ["fatal: unable to access 'https://host:99999/x/': URL using bad/illegal format or missing URL", 'has a scheme'],
    ['fatal: dumb http transport does not support shallow capabilities', 'does not speak the protocol'],
    [
      'fatal: protocol error: bad line length character: Welc\nfatal: the remote end sent no pack',
      'does not speak the protocol',
    ],
    ["fatal: unable to access 'https://host/x/': The requested URL returned error: 410", 'is no repository'],
    ["fatal: unable to access 'https://host/x/': The requested URL returned error: 451", 'refuses the request'],
    ['fatal: mismatched algorithms: client sha256; server sha1', 'has another object format'],
    [
      'Unable to negotiate with host port 22: no matching host key type found. Their offer: ssh-rsa\nfatal: Could not read from remote repository.',
      'no algorithm in common',
    ],
    [
      'Received disconnect from host port 22:2: Too many authentication failures\nConnection closed by host port 22\nfatal: Could not read from remote repository.',
      'refuses the credential',
    ],
    ['git@host: Permission denied (publickey).\nfatal: The remote end hung up unexpectedly', 'refuses the credential'],
  ])('%j is final', (words, meaning) => {
    expect(failure(words)).toMatchObject({ code: 'PREFLIGHT_FAILED', retryable: false })
    expect(failure(words).message).toMatch(new RegExp(`^https://host/x .*${meaning}`))
  })

  test.each([
    "fatal: unable to access 'https://host/x/': Could not resolve host: host",
    "fatal: unable to access 'https://host/x/': The requested URL returned error: 502",
    "fatal: unable to access 'https://host/x/': The requested URL returned error: 429",
    "fatal: unable to access 'https://host/x/': The requested URL returned error: 408",
    "fatal: unable to access 'https://host/x/': gnutls_handshake() failed: The TLS connection was non-properly terminated.",
    "fatal: unable to access 'https://host/x/': gnutls_handshake() failed: Error in the pull function.",
    "fatal: unable to access 'https://host/x/': OpenSSL SSL_read: SSL routines::unexpected eof while reading",
    'ssh: connect to host host port 22: Connection refused\nfatal: Could not read from remote repository.',
    'fetch-pack: unexpected disconnect while reading sideband packet\nfatal: early EOF',
    'error: something that nobody has seen before',
    '',
  ])('%j may pass', (words) => {
    expect(failure(words)).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  })
})
