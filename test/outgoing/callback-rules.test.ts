import { describe, expect, test } from 'vitest'
import { parseRange } from '../../src/outgoing/addresses.ts'
import { createCallbackRules } from '../../src/outgoing/callback-rules.ts'

const strict = createCallbackRules({ callbackAllowHttp: false, callbackAllowAddresses: [] })
const lab = createCallbackRules({
  callbackAllowHttp: true,
  callbackAllowAddresses: ['127.0.0.0/8', '10.0.0.0/8'].flatMap((text) => parseRange(text) ?? []),
})

describe('the URL of a callback', () => {
  test.each([
    'https://smo.example/notify',
    'https://smo.example:8443/a?b=c',
    'https://smo.example/me@home?b=@',
    'HTTPS://8.8.8.8/',
    'https://[2606:4700::1]/',
  ])('%s is fine', (url) => expect(strict.faultOfUrl(url)).toBeUndefined())

  test.each([
    ['', /must be a https/],
    ['smo.example/notify', /must be a https/],
    ['ftp://smo.example/', /must be a https/],
    ['https:/smo.example', /must be a https/],
    ['https:\\\\smo.example', /must be a https/],
    ['https://smo.example\\@127.0.0.1/', /must be a https/],
    ['https://smo.exa\nmple/', /must be a https/],
    [' https://smo.example/', /must be a https/],
    ['https://', /must be a https/],
    ['https://256.1.1.1/', /must be a https/],
    ['https://smo.example:99999/', /must be a https/],
    ['https://user:geheim@smo.example/', /user name or a password/],
    ['https://geheim@smo.example/', /user name or a password/],
    ['https://smo.example/#geheim', /fragment/],
    ['https://@smo.example/', /user name or a password/],
    ['https://:@smo.example/', /user name or a password/],
    ['https:///geheim@smo.example/', /user name or a password/],
    ['https://smo.example/#', /fragment/],
    ['https://smo.example:0/', /port 0/],
    ['https://smo.example/a\u0000b', /must be a https/],
    ['http://smo.example/', /CALLBACK_ALLOW_HTTP/],
    ['https://metadata.google.internal/', /metadata service/],
    ['https://METADATA.google.internal./', /metadata service/],
    ['https://localhost/', /loopback/],
    ['https://LOCALHOST.:8080/', /loopback/],
    ['https://a.localhost/', /loopback/],
  ])('%s is refused', (url, why) => {
    const fault = strict.faultOfUrl(url)
    expect(fault).toMatch(why)
    expect(fault).not.toContain('geheim')
  })

  test.each([
    ...[
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '0x7f.1',
      '127.0.0.1.',
      '１２７.0.0.1',
      '127。0。0。1',
    ],
    ...['%31%32%37.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:0:0:1]', '[::7f00:1]'],
    ...['0.0.0.0', '0', '[::]', '10.0.0.1', '192.168.0.1', '169.254.169.254', '0xa9fea9fe', '[fe80::1]', '[fd00::1]'],
    ...['[64:ff9b::7f00:1]', '[2002:7f00:1::]', '100.64.0.1', '224.0.0.1', '[ff02::1]'],
  ])('that holds %s leads to an address that is not allowed', (host) => {
    expect(strict.faultOfUrl(`https://${host}/`)).toMatch(/address, which CALLBACK_ALLOW_ADDRESSES does not allow/)
  })

  test('may be what the settings of a lab allow, and no more', () => {
    for (const host of ['127.0.0.1:8080', '10.1.2.3', 'localhost:80', '[::ffff:10.0.0.1]'])
      expect(lab.faultOfUrl(`http://${host}/notify`), host).toBeUndefined()
    for (const host of ['192.168.0.1', '[::1]', '169.254.169.254'])
      expect(lab.faultOfUrl(`http://${host}/`), host).toBeDefined()
  })
})
