// The program of a child, and no TypeScript: of the file that Node is started with, it takes the
// types out whatever its compile cache holds, and loading what does that is half of a start.
import './main.ts';
