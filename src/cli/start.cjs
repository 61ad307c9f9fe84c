// Apart from launch.cjs, since `import()` is itself a syntax error to the Nodes that file must turn away.
import('./main.mjs');
