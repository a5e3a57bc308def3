// A file of posts around today for `allin import`, on one account. calendar-posts.mjs HANDLE
const handle = process.argv[2];
const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
const texts = [
  'Fresh bread from 7. Come in!',
  'A long story about our oven, which is a hundred years old and has seen more mornings than anybody in this town can remember.',
  '<img src=x onerror=alert(1)> <b>bold</b>',
  'Grüße aus der Backstube 🍞',
  '今日のパンは焼きたてです',
  'خبز طازج كل صباح',
];
const rows = [['text', 'accounts', 'scheduled_at', 'tags', 'campaign']];
for (let offset = 1; offset < 12; offset += 1) {
  for (let post = 0; post <= offset % 4; post += 1) {
    const at = `${day(offset)} ${String(7 + 3 * post).padStart(2, '0')}:00:00`;
    rows.push([`${texts[(offset + post) % texts.length]} (${offset}.${post})`, handle, at, post ? 'cake' : 'bread', offset % 2 ? 'Spring' : '']);
  }
}
const cell = (text) => `"${text.replaceAll('"', '""')}"`;
console.log(rows.map((row) => row.map(cell).join(',')).join('\n'));
