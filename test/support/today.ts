/** The last day of the tests' practice books. It is fixed, so that the tests' expectations stay valid. */
export const TODAY = '2026-06-30';
