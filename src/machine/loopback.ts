/** The names of this machine in an address, as a URL's hostname has them. */
export const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '[::1]'];
