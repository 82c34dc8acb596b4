/** What has the same key together, in the order in which keys are first met. */
export function grouped<Item, Key>(items: Iterable<Item>, key: (item: Item) => Key): Map<Key, Item[]> {
  const found = new Map<Key, Item[]>();
  for (const item of items) {
    const own = key(item);
    const there = found.get(own);
    if (there) there.push(item);
    else found.set(own, [item]);
  }
  return found;
}
