/**
 * Numbers as readers see them: `38.2 ms`, `4.12 s`, `143 MB`, `$0.00044`. Unknown is a dash, never 0.
 */

export const UNKNOWN = '–';

/** A number and its unit, which is set smaller. */
export interface IQuantity {
  value: string;
  unit: string;
}

export function duration(ms: number | null | undefined): IQuantity {
  if (ms === null || ms === undefined) {
    return { value: UNKNOWN, unit: '' };
  }
  if (ms < 1000) {
    return { value: ms.toFixed(1), unit: 'ms' };
  }
  if (ms < 60_000) {
    return { value: (ms / 1000).toFixed(2), unit: 's' };
  }
  const seconds = Math.round(ms / 1000);
  const rest = String(seconds % 60).padStart(2, '0');
  return { value: `${Math.floor(seconds / 60)} min ${rest}`, unit: 's' };
}

export function memory(mib: number | null | undefined): IQuantity {
  return mib === null || mib === undefined
    ? { value: UNKNOWN, unit: '' }
    : { value: count(Math.round(mib)), unit: 'MB' };
}

export function size(bytes: number): IQuantity {
  if (bytes < 1000) {
    return { value: String(bytes), unit: 'B' };
  }
  return bytes < 1_000_000
    ? { value: (bytes / 1000).toFixed(1), unit: 'kB' }
    : { value: (bytes / 1_000_000).toFixed(1), unit: 'MB' };
}

export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** Two digits that count, no exponent. */
export function cost(usd: number): string {
  if (usd === 0) {
    return '$0';
  }
  const places = Math.max(2, 1 - Math.floor(Math.log10(Math.abs(usd))));
  return `$${usd.toFixed(Math.min(12, places))}`;
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value === 0 || value >= 10 ? value.toFixed(0) : value.toFixed(1)} %`;
}

/** Local time, `12:04:31.402`. */
export function clockTime(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000);
  const part = (value: number, digits: number): string =>
    String(value).padStart(digits, '0');
  return (
    `${part(date.getHours(), 2)}:${part(date.getMinutes(), 2)}:` +
    `${part(date.getSeconds(), 2)}.${part(date.getMilliseconds(), 3)}`
  );
}

export function quantityText(quantity: IQuantity): string {
  return quantity.unit ? `${quantity.value} ${quantity.unit}` : quantity.value;
}
