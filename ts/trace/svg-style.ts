/** Colours of a picture. Phases differ in lightness too. Every contrast is at least 3:1. */
const light = `.background{fill:#fff}.title,.name{fill:#1f2328}.phase,.reason,.time,.tick{fill:#59636e}.grid{stroke:#d8dee4}
.create .bar{fill:#8250df}.call .bar{fill:#0969da}.launch .bar{fill:#9a6700}.prepare .bar{fill:#1a7f37}
.enter .bar{fill:#0f766e}.after .bar{fill:#6e7781}.slow .bar{fill:#cf222e}.slow text{font-weight:bold}`;

const dark = `.background{fill:#0d1117}.title,.name{fill:#f0f6fc}.phase,.reason,.time,.tick{fill:#9198a1}.grid{stroke:#30363d}
.create .bar{fill:#ab7df8}.call .bar{fill:#4493f8}.launch .bar{fill:#d29922}.prepare .bar{fill:#3fb950}
.enter .bar{fill:#2dd4bf}.after .bar{fill:#848d97}.slow .bar{fill:#f85149}`;

export const style = `
text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:11px}
.title{font-size:14px;font-weight:bold}.phase{font-style:italic}
${light}
@media(prefers-color-scheme:dark){${dark}}
`;
