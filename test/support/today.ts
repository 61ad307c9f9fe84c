/** The day on which the practice books of tests end, so that what tests say of them stays true. */
export const TODAY = '2026-06-30';
