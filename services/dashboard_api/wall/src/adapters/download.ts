/** Hands a file to the browser, which asks where to put it or puts it where it always does. */
export function save(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser holds on to what it is saving.
  URL.revokeObjectURL(address);
}
