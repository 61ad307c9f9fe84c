/** The host names of this machine, as in a URL's `hostname`. */
export const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '[::1]'];
