/**
 * A number with its unit one step smaller, never wrapped away from it.
 */
import React from 'react';

import { IQuantity } from '../services/quantities';

export function Quantity({ of }: { of: IQuantity }): JSX.Element {
  return (
    <span className="jp-Lambda-quantity">
      <span className="jp-Lambda-number">{of.value}</span>
      {of.unit ? <span className="jp-Lambda-unit">{of.unit}</span> : null}
    </span>
  );
}
