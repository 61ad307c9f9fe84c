import * as z from 'zod';
import { defineRead } from '../../endpoint.ts';
import type { Json } from '../../json.ts';
import { recordNameAndId } from '../../records/describe.ts';
import { joined, listing, ifPresent } from '../../records/list-results.ts';
import { plain } from '../../records/text.ts';
import { many } from '../../records/zoho-shapes.ts';

const text = z.string().optional();
const input = z.strictObject({});
const output = z.looseObject({
  organizations: z.array(z.looseObject({ organization_id: text, name: text, time_zone: text, currency_code: text })).optional(),
});

export const listOrganizations = defineRead({
  name: 'list_organizations',
  title: 'List organizations',
  description: 'Organizations of this login, with base currency and time zone. This server uses one of them.',
  module: 'settings',
  path: '/organizations',
  resources: [
    {
      uri: 'zoho-books://organizations',
      name: 'organizations',
      title: 'Organizations',
      description: 'Organizations, with the same content as the answer of list_organizations.',
      mimeType: 'application/json',
    },
  ],
  input,
  output,
  ...listing({
    input,
    keys: ['organizations'],
    what: 'organization',
    none: 'There are no organizations.',
    usual: ['organization_id', 'name', 'is_default_org', 'currency_code', 'price_precision', 'time_zone', 'country_code', 'plan_name'],
    line: () => line,
  }),
});

/** Every organization, not limited to the size of an answer. Login and checks search them all. */
export const allOrganizations = defineRead({ ...listOrganizations, result: (body) => ({ organizations: many(body, 'organizations') }) });

function line(row: Json): string {
  return joined(
    recordNameAndId('organization', row['name'], row['organization_id'], 60),
    ifPresent(row['currency_code'], plain),
    ifPresent(row['time_zone'], plain),
    ifPresent(row['country_code'], plain),
    ifPresent(row['plan_name'], plain),
    row['is_default_org'] === true && 'default',
  );
}
