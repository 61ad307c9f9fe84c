import type { Reader } from '../endpoint.ts';
import { allCustomFields } from '../endpoints/lookups/list-custom-fields.ts';
import { ifServed } from '../reading/if-allowed.ts';
import { folded } from './same-name.ts';

interface LabelledValue {
  readonly customfield_id?: string | undefined;
  readonly api_name?: string | undefined;
  readonly label?: string | undefined;
  readonly value: string;
}

/** Replaces a label in another spelling, or an api_name given as label, by Zoho's own label. Leaves other fields unchanged. */
export async function withOwnLabels(given: readonly LabelledValue[] | undefined, zoho: Reader): Promise<LabelledValue[] | undefined> {
  if (given === undefined || given.length === 0) return undefined;
  const known = (await ifServed(zoho.settled.read(allCustomFields, {})))?.fields ?? [];
  return given.map((field) => {
    const { customfield_id, api_name, label } = field;
    if (label === undefined || api_name !== undefined || customfield_id !== undefined) return field;
    if (known.some((one) => one.label === label)) return field;
    const meant = (['label', 'api_name'] as const)
      .map((name) => known.filter((one) => folded(one[name]) === folded(label)))
      .find((found) => found.length > 0);
    const own = meant?.length === 1 ? meant[0]?.label : undefined;
    return typeof own === 'string' ? { ...field, label: own } : field;
  });
}
