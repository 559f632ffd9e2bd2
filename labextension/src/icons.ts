/**
 * The extension's icon: a lambda between a prompt's brackets.
 */
import { LabIcon } from '@jupyterlab/ui-components';

const svgstr = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M2 4h5v2H4v12h3v2H2z"/>
    <path d="M22 4h-5v2h3v12h-3v2h5z"/>
    <path d="M8.6 6.5h2.3c.5 0 .9.3 1.1.8l3.7 9.2h-2.2l-2-5.2-2.3 5.2H7.1l3.4-7.4-.3-.7H8.6z"/>
  </g>
</svg>`;

export const lambdaIcon = new LabIcon({ name: 'jupyter-lambda:lambda', svgstr });
