import { BlockList, isIP } from 'node:net';

/** The address of a client behind proxies. */

/** Makes a list of addresses and networks, such as `10.0.0.0/8`. Returns undefined if one of them is not valid. */
export function addressList(written: readonly string[]): BlockList | undefined {
  const list = new BlockList();
  for (const one of written) {
    const [address = '', bits, ...more] = one.split('/');
    const family = familyOf(address);
    const most = family === 'ipv6' ? 128 : 32;
    if (isIP(address) === 0 || more.length > 0 || (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > most)))
      return undefined;
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/**
 * The last address that no trusted proxy has. `forwarded`: the header X-Forwarded-For, to which each proxy appends the address of its own
 * client. Everything before a proxy that is not trusted may be invented.
 */
export function clientAddress(peer: string, forwarded: string | undefined, trusted: BlockList): string {
  const hops = [...(forwarded ?? '').split(',').map((hop) => hop.trim()), peer.replace(/^::ffff:(?=\d+\.)/i, '')];
  for (;;) {
    const hop = hops.pop()!;
    const before = hops.at(-1);
    if (before === undefined || isIP(before) === 0 || !trusted.check(hop, familyOf(hop))) return hop;
  }
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (address.includes(':') ? 'ipv6' : 'ipv4');
