import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createAllowance, kindOfAddress, parseRange } from '../../src/outgoing/addresses.ts'

const rangesOf = (...texts: string[]) => texts.flatMap((text) => parseRange(text) ?? [])

describe('the kind of an address', () => {
  test.each([
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '::ffff:7f00:1']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12:3456::1', 'fec0::1']],
    ['link-local', ['169.254.1.1', 'fe80::1', 'fe80::1%eth0', '::ffff:169.254.1.1']],
    ['metadata', ['169.254.169.254', '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', 'fd00:ec2::254', '168.63.129.16']],
    ['unspecified', ['0.0.0.0', '0.1.2.3', '::']],
    ['shared', ['100.64.0.1', '100.127.255.255']],
    ['multicast', ['224.0.0.1', '239.255.255.255', 'ff02::1']],
    [
      'reserved',
      ['192.0.2.1', '198.18.0.1', '203.0.113.7', '255.255.255.255', '2001:db8::1', '2002:7f00:1::', '2001::1'],
    ],
    ['reserved', ['::7f00:1', '64:ff9b:1::7f00:1', '100::1', '5f00::1', '::ffff:0:127.0.0.1']],
    ['private', ['::ffff:10.1.2.3', '64:ff9b::10.1.2.3']],
  ])('%s: %j', (kind, addresses) => {
    for (const address of addresses) expect(kindOfAddress(address), address).toBe(kind)
  })

  test('none for what is an ordinary address, also when IPv6 holds it', () => {
    for (const address of ['8.8.8.8', '172.32.0.1', '2606:4700::1111', '64:ff9b::808:808', '::ffff:8.8.8.8'])
      expect(kindOfAddress(address), address).toBeUndefined()
  })

  test('is that of the IPv4 address inside, for every mapped one', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(kindOfAddress(`::ffff:${address}`)).toBe(kindOfAddress(address))
      }),
    )
  })

  test('is never none for IPv6 outside of 2000::/3 and of what holds IPv4', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        if (kindOfAddress(address) === undefined)
          expect(address).toMatch(/^([23][0-9a-f]{3}|64:ff9b|0?0?64:ff9b|[0:]+ffff):/i)
      }),
    )
  })
})

describe('ranges', () => {
  test.each([
    '10.0.0.0/33',
    '10.0.0/8',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    'fd00::/129',
    'fe80::1%eth0',
    '::ffff:10.0.0.0/104',
    '::ffff:10.0.0.0/104',
    'lab',
    '/8',
    '10.0.0.0/-1',
  ])('%s is none', (text) => expect(parseRange(text)).toBeUndefined())

  test('allow what they hold and nothing else', () => {
    const allowed = createAllowance(rangesOf('10.0.0.0/8', 'fd00:1::/32', '127.0.0.1'))
    expect(['10.9.9.9', '::ffff:10.9.9.9', 'fd00:1::7', '127.0.0.1'].every(allowed)).toBe(true)
    expect(['11.0.0.1', 'fd00:2::7', '127.0.0.2', '::1'].some(allowed)).toBe(false)
  })

  test('do not mean the address of a metadata service, unless that is named by itself', () => {
    expect(createAllowance(rangesOf('0.0.0.0/0', '169.254.0.0/16', '::/0'))('169.254.169.254')).toBe(false)
    expect(createAllowance(rangesOf('169.254.169.254'))('169.254.169.254')).toBe(true)
    expect(createAllowance(rangesOf('169.254.169.254'))('::ffff:169.254.169.254')).toBe(true)
  })
})
