/** A coin and an arrow pointing down, for hosts that show an icon next to the server's name. */
const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">' +
  '<rect width="32" height="32" rx="7" fill="#0b6b4f"/>' +
  '<circle cx="16" cy="18" r="9" fill="#f4c542"/>' +
  '<path d="M16 4v15m-5-5 5 5 5-5" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>';

export const icons = [
  { src: `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`, mimeType: 'image/svg+xml', sizes: ['any'] },
];
