/** Zoho's data centers: the eight of the Books API. Source: Zoho Books API introduction; accounts hosts from Zoho's multi-DC page. */
export interface DataCenter {
  readonly accountsUrl: string;
  readonly apiBaseUrl: string;
}

const hosts = {
  us: ['accounts.zoho.com', 'www.zohoapis.com'],
  eu: ['accounts.zoho.eu', 'www.zohoapis.eu'],
  in: ['accounts.zoho.in', 'www.zohoapis.in'],
  au: ['accounts.zoho.com.au', 'www.zohoapis.com.au'],
  jp: ['accounts.zoho.jp', 'www.zohoapis.jp'],
  // accounts.zoho.ca does not connect.
  ca: ['accounts.zohocloud.ca', 'www.zohoapis.ca'],
  cn: ['accounts.zoho.com.cn', 'www.zohoapis.com.cn'],
  sa: ['accounts.zoho.sa', 'www.zohoapis.sa'],
} as const;

export type DataCenterName = keyof typeof hosts;
export const dataCenterNames = Object.keys(hosts) as DataCenterName[];

export function isDataCenterName(name: string): name is DataCenterName {
  return Object.hasOwn(hosts, name);
}

export function dataCenter(name: DataCenterName): DataCenter {
  const [accounts, api] = hosts[name];
  return { accountsUrl: `https://${accounts}`, apiBaseUrl: `https://${api}/books/v3` };
}

/** The data center of this accounts server; undefined if the server is not Zoho's. */
export function dataCenterOf(accountsUrl: string): DataCenter | undefined {
  return dataCenterNames.map(dataCenter).find((known) => known.accountsUrl === accountsUrl);
}

/** The API address of a login: from the token if it is Zoho's, else from the accounts server, else from the configuration. */
export function apiBaseUrlOf({
  apiDomain,
  accountsUrl,
  configured,
}: {
  apiDomain: string | undefined;
  accountsUrl: string;
  configured: string;
}): string {
  const told = dataCenterNames.map(dataCenter).find(({ apiBaseUrl }) => apiBaseUrl === `${apiDomain}/books/v3`);
  return (told ?? dataCenterOf(accountsUrl))?.apiBaseUrl ?? configured;
}
