/** Also in package.json; a test holds both equal. */
export const version = '0.7.0';
export const toolName = `tokenquery ${version}`;
