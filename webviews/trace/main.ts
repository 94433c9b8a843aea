/** Entry of the trace page. */
import { registerControls } from '../kit/controls';
import { TraceApp } from './app';
import './trace.css';

registerControls();
new TraceApp();
