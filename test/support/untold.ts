/** Values that contain no amount, id, day or flag, however they are read. */
export const untold: readonly unknown[] = [
  null,
  undefined,
  '',
  ' ',
  '-',
  'NaN',
  'null',
  {},
  { value: 5 },
  [],
  [5],
  Number.NaN,
  Infinity,
  -Infinity,
];

/** Values that contain no amount. */
export const untoldAmounts: readonly unknown[] = [
  ...untold,
  true,
  false,
  '1,450.00',
  '1.450,00',
  '4.5e2',
  '1e3',
  '0x10',
  'Infinity',
  '.5',
  '5.',
  '+5',
  ' 5',
  '5 ',
  '5\n',
  '５',
  'USD 5',
  '--5',
];
