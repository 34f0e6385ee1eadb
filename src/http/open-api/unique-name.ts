/** The name itself, or with the first number behind it that makes it one of its own. */
export function uniqueName(name: string, isTaken: (name: string) => boolean): string {
  let found = name;
  for (let count = 2; isTaken(found); count++) found = `${name}_${count}`;
  return found;
}
