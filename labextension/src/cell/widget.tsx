/**
 * The card as an anywidget, for front ends without this extension (VS Code, Colab, another environment's server): the same
 * component, with the kernel in the place of Jupyter's server. jupyter_lambda/notebook/widget.py is the other end.
 */
import React from 'react';
import { createRoot } from 'react-dom/client';

import { EngineApi } from '../api/engineApi';
import { LiveStream } from '../api/streamSocket';
import { useModel } from '../panels/redraw';
import { useTrans } from '../panels/words';
import { DetailModel } from '../services/detailModel';
import { EngineModel } from '../services/engineModel';
import { Card } from './card';
import { CommLink, IWidgetModel } from './commLink';

interface IRenderProps {
  model: IWidgetModel;
  el: HTMLElement;
}

/** Draws one view of the widget; returns what ends it. */
function render({ model, el }: IRenderProps): () => void {
  const link = new CommLink(model);
  const stream = new LiveStream(link.streamOptions);
  const engine = new EngineModel({
    stream,
    api: new EngineApi(link.transport),
    now: () => Date.now()
  });
  const name = String(model.get('function'));
  const detail = new DetailModel(engine, name);
  el.classList.add('jp-Lambda', 'jp-Lambda-cardFrame', 'jp-Lambda-widget');
  el.dataset.lmSuppressShortcuts = 'true';
  if (!getComputedStyle(document.body).getPropertyValue('--jp-layout-color1')) {
    el.classList.add('jp-mod-noTheme'); // no JupyterLab around: style/widget.css has colours for it
    el.classList.toggle('jp-mod-dark', isDark());
  }
  const root = createRoot(el);
  root.render(<WidgetCard detail={detail} name={name} />);
  stream.start();
  return () => {
    root.unmount();
    detail.dispose();
    engine.dispose();
    link.dispose();
  };
}

/** Visual Studio Code says it in a class, Colab in an attribute, a browser in a preference. */
function isDark(): boolean {
  const { body, documentElement } = document;
  return (
    body.matches('.vscode-dark, .vscode-high-contrast') ||
    documentElement.getAttribute('theme') === 'dark' ||
    (!body.matches('.vscode-light') && window.matchMedia('(prefers-color-scheme: dark)').matches)
  );
}

function WidgetCard(props: { detail: DetailModel; name: string }): JSX.Element {
  const { detail } = props;
  const [isOpen, setOpen] = React.useState(false);
  useModel(detail.engine);
  const trans = useTrans();
  return (
    <>
      {detail.state ? (
        <Card
          detail={detail}
          isOpen={isOpen}
          setOpen={setOpen}
          openFunction={null}
          openCell={null}
          report={null}
        />
      ) : (
        <p className="jp-Lambda-gone" role="status">
          {detail.engine.presence === 'live'
            ? trans.__('There is no function «%1».', props.name)
            : detail.engine.presence === 'engine-down'
              ? trans.__('The engine isn’t running. It starts with the next call or deployment.')
              : trans.__('Waiting for the kernel…')}
        </p>
      )}
    </>
  );
}

export default { render };
