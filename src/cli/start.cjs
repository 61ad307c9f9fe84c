// Separate from launch.cjs, because `import()` is a syntax error in the old versions of Node that launch.cjs refuses.
import('./main.mjs');
