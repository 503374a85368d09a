/** A URL without all that can hold a secret: scheme and host. Null for what is not an http(s) URL. */
export const originOf = (url: string): string | null => {
  const [, scheme, host] =
    /^(https?):\/\/(?:[^/?#\\]*@)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?(?:[/?#\\]|$)/i.exec(
      url.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ''),
    ) ?? [];
  return host === undefined ? null : `${scheme?.toLowerCase()}://${host.toLowerCase()}`;
};
