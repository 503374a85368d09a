/** The look, or that it took too long: a disk or a server that does not answer holds nobody up. */
export const within = async <T>(seconds: number, look: Promise<T>, late: T): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const ended = new Promise<T>((fulfil) => {
    timer = setTimeout(() => fulfil(late), seconds * 1000);
  });
  try {
    return await Promise.race([look, ended]);
  } finally {
    clearTimeout(timer);
  }
};
