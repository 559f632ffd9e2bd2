/** Services and what they stand on: no page, no Lab. */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.spec.ts'],
  transform: {
    '^.+\\.tsx?$': ['ts-jest', { tsconfig: '<rootDir>/test/tsconfig.json' }]
  },
  moduleNameMapper: {
    // The request function needs a page; what services need of it is its error.
    '^@jupyterlab/(coreutils|services)$': '<rootDir>/test/no_lab.ts'
  }
};
