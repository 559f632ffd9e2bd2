"""From a notebook cell, a callable or a file to a deployment package, with its report.

Knows how names, values, modules and files of a notebook become a zip that Lambda could run, and says before anything is deployed
what goes along and what stands in the way. Refuses to know the engine, to import IPython (it gets plain values) and to run the
cell in the kernel: the proof runs it in a process of its own. Everything here blocks; call it off an event loop.
"""

from jupyter_lambda.capture.capturing import capture_callable, capture_cell, capture_path
from jupyter_lambda.capture.failure import CaptureFailed
from jupyter_lambda.capture.interpreter import this_python
from jupyter_lambda.capture.options import PackageOptions
from jupyter_lambda.capture.package import Capture
from jupyter_lambda.capture.pip_install import InstalledRequirements, install_requirements
from jupyter_lambda.capture.proof import Proof, prove
from jupyter_lambda.capture.report import CaptureReport
from jupyter_lambda.capture.requirements import parse_requirements

__all__ = [
    "Capture",
    "CaptureFailed",
    "CaptureReport",
    "InstalledRequirements",
    "PackageOptions",
    "Proof",
    "capture_callable",
    "capture_cell",
    "capture_path",
    "install_requirements",
    "parse_requirements",
    "prove",
    "this_python",
]
