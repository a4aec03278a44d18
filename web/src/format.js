// How numbers look in the report: shares and metrics without their leading zero (.783), a real minus sign, intervals in
// square brackets, thin spaces before units, a dash for what is absent.

const ABSENT = '–';
const THIN = '\u202f';
export const minus = (text) => text.replace(/^-/, '−');

export const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

export function decimal(value, digits = 3) {
  if (!isNumber(value)) return ABSENT;
  const text = value.toFixed(digits);
  if (Number(text) === 0) return digits > 0 ? `.${'0'.repeat(digits)}` : '0';
  return minus(text.replace(/^(-?)0\./, '$1.'));
}

export const signed = (value, digits = 3) => (isNumber(value) && Number(value.toFixed(digits)) > 0 ? '+' : '') + decimal(value, digits);

export function interval(estimate, digits = 3) {
  return isNumber(estimate?.low) && isNumber(estimate?.high) ? `[${decimal(estimate.low, digits)}, ${decimal(estimate.high, digits)}]` : '';
}

// A p-value with its sign: "= .034", "< .001".
export const pValue = (p) => (!isNumber(p) ? ABSENT : p < 0.001 ? `<${THIN}.001` : `=${THIN}${decimal(p)}`);
// The same for a table's cell.
export const pCell = (p) => (!isNumber(p) ? ABSENT : p < 0.001 ? `<${THIN}.001` : decimal(p));

export const percent = (share, digits = 1) => (isNumber(share) ? `${minus((100 * share).toFixed(digits))}${THIN}%` : ABSENT);

export const count = (value) => (isNumber(value) ? minus(Math.round(value).toLocaleString('en-US')) : ABSENT);

// A value of the data itself: as many digits as say something.
export function value(x) {
  if (!isNumber(x)) return ABSENT;
  const size = Math.abs(x);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return minus(x.toExponential(2));
  if (size >= 1000) return count(x);
  return minus(String(Number(x.toPrecision(4))));
}

export function speed(rows) {
  if (!isNumber(rows)) return ABSENT;
  if (rows >= 1e6) return `${(rows / 1e6).toFixed(rows >= 1e7 ? 0 : 1)}${THIN}M`;
  if (rows >= 1e4) return `${(rows / 1e3).toFixed(0)}${THIN}k`;
  return count(rows);
}

export function seconds(s) {
  if (!isNumber(s)) return ABSENT;
  if (s < 1) return `${s.toFixed(2)}${THIN}s`;
  if (s < 100) return `${s.toFixed(1)}${THIN}s`;
  if (s < 3600) return `${Math.floor(s / 60)}${THIN}min ${Math.round(s % 60)}${THIN}s`;
  return `${Math.floor(s / 3600)}${THIN}h ${Math.round((s % 3600) / 60)}${THIN}min`;
}

export function bytes(b) {
  if (!isNumber(b)) return ABSENT;
  return b >= 2 ** 30 ? `${(b / 2 ** 30).toFixed(1)}${THIN}GiB` : `${Math.round(b / 2 ** 20)}${THIN}MiB`;
}

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
export function date(text) {
  const parts = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d:\d\d))?/.exec(String(text ?? ''));
  if (!parts || !MONTHS[Number(parts[2]) - 1]) return text ? String(text) : ABSENT;
  return `${Number(parts[3])} ${MONTHS[Number(parts[2]) - 1]} ${parts[1]}${parts[4] ? `, ${parts[4]} UTC` : ''}`;
}

// Ticks of an axis: all with the same number of decimals, a plain 0.
export function tick(x, _index, all = [x]) {
  if (x === 0) return '0';
  const digits = Math.max(...all.map((t) => (String(Number(t.toPrecision(6))).split('.')[1] ?? '').length));
  return x === 1 && Math.max(...all) === 1 && Math.min(...all) === 0 ? '1' : decimal(x, digits);
}
