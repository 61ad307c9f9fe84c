import type { Reader } from '../endpoint.ts';
import { allCustomFields } from '../endpoints/lookups/list-custom-fields.ts';
import { isObject, type Json } from '../json.ts';
import { ifServed } from '../reading/if-allowed.ts';
import { listLocations } from '../reading/locations.ts';
import { CUSTOM_FIELD_NAMES, customFieldsIn } from '../records/custom-fields.ts';
import { recordNameAndId } from '../records/describe.ts';
import type { Payment } from '../records/fields.ts';
import { readFlag } from '../records/read-row.ts';
import { quoted } from '../records/text.ts';
import type { Step } from '../report.ts';

/** Fields that an organization can make mandatory. If one is missing, Zoho refuses the payment with an undocumented code. */

/** Next steps for mandatory fields that are missing in both the call and the payment. */
export async function mandatoryMissing(given: Json, standing: Payment | undefined, zoho: Reader): Promise<readonly Step[]> {
  const [known, places] = await Promise.all([
    // Read fresh, because a field may have just become mandatory.
    ifServed(zoho.read(allCustomFields, {})),
    ifServed(zoho.settled.read(listLocations, {})),
  ]);
  const held = [...customFieldsIn(given), ...customFieldsIn(standing)].filter(({ value }) => (value ?? '') !== '');
  const missing = (known?.fields ?? []).filter(
    (field) =>
      readFlag(field['is_mandatory']) === true &&
      readFlag(field['is_active']) !== false &&
      !held.some((row) => CUSTOM_FIELD_NAMES.some((name) => field[name] !== undefined && row[name] === field[name])),
  );
  const locations = given['location_id'] === undefined && standing?.['location_id'] === undefined ? (places?.locations ?? []) : [];
  const steps = [...(missing.length > 0 ? [askForFields(missing)] : []), ...(locations.length > 0 ? [askForLocation(locations)] : [])];
  // Joined into one step: several steps are alternatives, but here both are needed.
  return steps.length < 2 ? steps : [{ say: steps.map(({ say }) => say).join('. At the same time, for the same call: ') }];
}

/** One step for all fields, because all are needed. */
function askForFields(missing: readonly Json[]): Step {
  const named = missing.map(({ label, values }) => {
    const choices = (Array.isArray(values) ? values : []).map((value: unknown) =>
      quoted(isObject(value) ? (value['name'] ?? value['value']) : value, 40),
    );
    return `${quoted(label, 60)}${choices.length > 0 ? ` (one of ${choices.slice(0, 10).join(', ')})` : ''}`;
  });
  const fields = missing.map(({ label, api_name }) =>
    api_name === undefined ? `{"label":${quoted(label, 100)},"value":"…"}` : `{"api_name":${quoted(api_name, 100)},"value":"…"}`,
  );
  return {
    say:
      `payments must have the custom field${missing.length === 1 ? '' : 's'} ${named.join(' and ')}: ` +
      `ask the user for the value${missing.length === 1 ? '' : 's'}, and call again with custom_fields: [${fields.join(',')}]`,
  };
}

function askForLocation(locations: readonly { location_id?: string | undefined; location_name?: string | undefined }[]): Step {
  const offered = locations
    .slice(0, 10)
    .map(({ location_id, location_name }) => recordNameAndId('location', location_name, location_id, 40));
  return { say: `if a location is missing, ask the user which one, and call again with its id as location_id: ${offered.join(', ')}` };
}
