/**
 * A card's data as the kernel wrote it: jupyter_lambda/notebook/card.py.
 */
export const CARD_TYPE = 'application/vnd.jupyter-lambda.card+json';

const FORMAT = 1;

export interface ICardData {
  function: string;
  home: string;
  /** CRC-32 of the cell's first line as it was run; null in outputs of older kernels. */
  lineSum: number | null;
}

/** The data, null for a format that this page does not know: then the HTML form is shown. */
export function cardData(value: unknown): ICardData | null {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const members = value as { [member: string]: unknown };
  return members['format'] === FORMAT && typeof members['function'] === 'string'
    ? {
        function: members['function'],
        home: String(members['home'] ?? ''),
        lineSum: typeof members['line_crc32'] === 'number' ? members['line_crc32'] : null
      }
    : null;
}
