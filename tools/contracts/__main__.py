"""`python -m tools.contracts` writes every generated file anew and removes what nothing declares any more."""

from tools.contracts.generated import ROOT, generated, orphans

for path in orphans():
    path.unlink()
for name, text in generated().items():
    path = ROOT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
