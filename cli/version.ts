/** Also in package.json; a test holds both equal. */
export const version = '0.8.0';
export const toolName = `tokenquery ${version}`;
