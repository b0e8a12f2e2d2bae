// Counts the words of each text that the parent sends, a string or a Buffer. It ends when the parent disconnects.
process.on('message', (text) => {
  const words = text.toString().match(/\p{L}+/gu) ?? [];
  const counts = new Map();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  process.send({ text, total: words.length, counts });
});
